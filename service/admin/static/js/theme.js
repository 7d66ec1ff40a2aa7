// Light, dark or as the system has it; kept in a cookie, so that the server renders it at once.
const root = document.documentElement;
const YEAR_SECONDS = 31_536_000;

export const theme = () => root.dataset.theme ?? 'system';

export function setTheme(name) {
  const named = name === 'light' || name === 'dark';
  if (named) root.dataset.theme = name;
  else delete root.dataset.theme;
  const age = named ? YEAR_SECONDS : 0;
  document.cookie = `customer_groups_theme=${name}; path=/; max-age=${age}; samesite=lax`;
}
