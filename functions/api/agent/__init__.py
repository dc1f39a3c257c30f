"""The agent API of founders: recordings with who said what, contacts and deals, their timelines, and search over all.

snake_case, seconds. What a later stage or engine would fill is null or empty, never invented: sentiment, action
items, entities, and which contact a speaker is. Each subject is a package: its `routes` and, beside them, the
`models` of what they read and answer.
"""
