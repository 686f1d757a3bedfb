import { OWN_ROWS } from './support/own-rows.ts';
import { Credentials } from './support/credentials.ts';
describe('own', function () {
  this.timeout(60000);
  for (const row of OWN_ROWS) it(row.title, async () => { const c = await Credentials.make(); try { await row.run(c); } finally { /*c.remove();*/ console.log(c.folder); } });
});
