/** Pushes an image under two names and says what came of it: node push.js IMAGE DESTINATION… */
import { OcipushError, push } from 'ocipush';

const [image = '', ...destinations] = process.argv.slice(2);

try {
  const report = await push({
    image,
    destinations,
    tlsVerify: !destinations.some((name) => name.startsWith('127.0.0.1:')),
    onProgress: (event) => {
      if (event.kind === 'blob-done') console.error(`${event.stored.how} ${event.digest}`);
    },
  });
  for (const { reference, digest } of report.destinations) console.log(reference, digest);
} catch (error) {
  if (!(error instanceof OcipushError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
