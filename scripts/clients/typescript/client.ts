// Creates, lists, rotates and revokes a token with the types that openapi-typescript makes of openapi.yaml.
import createClient from "openapi-fetch";
import type { paths } from "./openapi";

const as = (credential: string) =>
	createClient<paths>({ baseUrl: process.env.API, headers: { Authorization: `Bearer ${credential}` } });

function good<T>(what: string, answer: { data?: T; error?: unknown }): T {
	if (answer.data === undefined) throw new Error(`${what}: ${JSON.stringify(answer.error)}`);
	return answer.data;
}

async function run(): Promise<void> {
	const ada = as(process.env.JWT ?? "");
	const created = good("create", await ada.POST("/v1/tokens", { body: { name: "typescript", environment: "live" } }));
	const id = { params: { path: { id: created.id } } };
	const listed = good("list", await ada.GET("/v1/tokens"));
	if (listed.records[0]?.id !== created.id) throw new Error("the new token is not first in the list");
	const rotated = good("rotate", await ada.POST("/v1/tokens/{id}/rotate", { ...id, body: {} }));
	if (rotated.token === created.token) throw new Error("the secret is the old one");
	const mine = as(rotated.token);
	good("ping with the new secret", await mine.GET("/v1/ping"));
	const revoked = await ada.DELETE("/v1/tokens/{id}", id);
	if (revoked.response.status !== 204) throw new Error(`revoke: ${revoked.response.status}`);
	const refused = await mine.GET("/v1/ping");
	if (refused.response.status !== 401) throw new Error(`a revoked token: ${refused.response.status}`);
}

run().catch((e: unknown) => {
	console.error(e);
	process.exit(1);
});
