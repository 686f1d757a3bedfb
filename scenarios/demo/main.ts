// `npm run demo` and `npm run demo -- push`.
const DEMOS: Readonly<Record<string, () => Promise<unknown>>> = {
  session: () => import('./session.ts'),
  push: () => import('./push.ts'),
};

const [name = 'session'] = process.argv.slice(2);
const demo = DEMOS[name];
if (demo === undefined) {
  console.error(`there is no demo ${name}: ${Object.keys(DEMOS).join(', ')}`);
  process.exitCode = 2;
} else await demo();
