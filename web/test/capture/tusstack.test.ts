import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { Refused, Silent } from "../../src/capture/refused";
import { WatchedStack } from "../../src/capture/tusstack";

it("gives up a request in which nothing moves, and a HEAD that says less than that the upload is gone", async () => {
  const server = createServer((request, response) => {
    if (request.url !== "/silent") response.writeHead(Number(request.url!.slice(1)), { "Upload-Offset": "3", "Upload-Length": "7" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const settled: string[] = [];
  const stack = new WatchedStack({ begun: () => undefined, settled: (method, response) => settled.push(`${method} ${response?.getStatus()}`) }, 100);
  const head = (path: string) => stack.createRequest("HEAD", `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`).send(null);
  try {
    await expect(head("silent")).rejects.toBeInstanceOf(Silent);
    for (const status of [401, 403, 500, 502, 503]) await expect(head(String(status))).rejects.toBeInstanceOf(Refused);
    expect((await head("404")).getStatus()).toBe(404);
    expect(stack.lengthKnown).toBe(false);
    await head("200");
    expect(stack.lengthKnown).toBe(true);
    expect(settled).toEqual(["HEAD undefined", "HEAD 401", "HEAD 403", "HEAD 500", "HEAD 502", "HEAD 503", "HEAD 404", "HEAD 200"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
