// Calls by types that openapi-typescript generates: what is right compiles, and what is wrong does not.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

const client = createClient<paths>({ baseUrl: "https://api.test" });

export async function uploadUrl(fileName: string): Promise<string> {
  const { data, error } = await client.POST("/api/v1/audio-files/upload-url", { body: { fileName } });
  if (error) {
    const problem: components["schemas"]["AudioFileProblem"] = error;
    throw new Error(problem.detail);
  }
  return data.uploadUrl;
}

export async function failed(): Promise<string[]> {
  const { data } = await client.GET("/api/v1/audio-files", { params: { query: { pageSize: 20 } } });
  return (data?.items ?? []).filter((each) => each.status === "failed").map((each) => each.fileName);
}

export async function wrong(): Promise<void> {
  // @ts-expect-error  a field that is missing
  await client.POST("/api/v1/audio-files/upload-url", { body: {} });
  // @ts-expect-error  a field that is not known
  const body: components["schemas"]["UploadUrlRequest"] = { fileName: "a.wav", colour: "red" };
  await client.POST("/api/v1/audio-files/upload-url", { body });
  const { data } = await client.GET("/api/v1/audio-files");
  // @ts-expect-error  a status that there is not
  data?.items.filter((each) => each.status === "lost");
}
