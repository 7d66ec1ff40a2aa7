// What filters need, loaded with the first of them: how they are read, asked and told (KINDS), and
// their chips (filterChip).
export const late = {};

export async function loadFilters() {
  if (!late.KINDS) Object.assign(late, await import('./chip.js'));
}
