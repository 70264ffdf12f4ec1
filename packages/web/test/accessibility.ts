import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds wrong with what the page, or a part of it, shows now: the rule, and where. */
export async function violations(page: Page, part = 'html'): Promise<string[]> {
  // Evaluated, not added as a script: the page's security policy lets no other scripts in.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(await readFile(AXE, 'utf8'));
  const found = await page.evaluate(
    (where) => (globalThis as unknown as { axe: { run(where: string): Promise<AxeResults> } }).axe.run(where),
    part,
  );
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}
