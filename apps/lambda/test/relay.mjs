// Runs in a container without a network: each port given leads to the Unix socket /relay/<port> of the test, and
// nowhere else. Containers that share its loopback reach just that.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

for (const port of process.argv.slice(2)) {
  const server = createServer((near) => {
    const far = connect(`/relay/${port}`);
    for (const socket of [near, far])
      socket.on('error', () => {
        near.destroy();
        far.destroy();
      });
    near.pipe(far).pipe(near);
  });
  await once(server.listen(Number(port), '127.0.0.1'), 'listening');
}
console.log('listening');
