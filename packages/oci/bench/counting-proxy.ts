import { connect, createServer, type Socket } from 'node:net';

/** Bytes that went through since the last reset, seen from the client: `up` to the registry, `down` from it. */
export interface Traffic {
  up: number;
  down: number;
}

/** A TCP proxy before a registry that counts what passes. */
export async function startCountingProxy(registry: string) {
  const [host = '', port = ''] = registry.split(':');
  const traffic: Traffic = { up: 0, down: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => {
      traffic.up += chunk.length;
    });
    upstream.on('data', (chunk) => {
      traffic.down += chunk.length;
    });
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    registry: `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    /** What passed since the last call. */
    take(): Traffic {
      const taken = { ...traffic };
      traffic.up = 0;
      traffic.down = 0;
      return taken;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
