import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

/** What a scripted registry was asked, in order: `GET /v2/…`, with the login it came with. */
export interface Asked {
  line: string;
  authorization: string | undefined;
  body: Buffer;
}

/** A server that behaves as the test wants: refuses, lies, hangs up. Everything real is tested on real registries. */
export async function scriptedRegistry(
  answer: (asked: Asked, response: ServerResponse, request: IncomingMessage) => void,
): Promise<{ registry: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // the client gave up
    }
    const entry = {
      line: `${request.method} ${request.url}`,
      authorization: request.headers.authorization,
      body: Buffer.concat(chunks),
    };
    asked.push(entry);
    answer(entry, response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return { registry: `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`, asked };
}
