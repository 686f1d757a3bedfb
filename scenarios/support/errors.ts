/** What goes wrong in scenarios and demonstrations themselves: a process that did not start, a step that did not happen. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  readonly code = 'OSGATE_SCENARIO';
}
