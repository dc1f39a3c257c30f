"""`python -m tests.clients`: installs what the tests run, as `make test` does before it runs them."""

from tests.clients.tools import install

if __name__ == "__main__":
    install()
