const KEY = 'mars-settings';

export type Theme = 'system' | 'light' | 'dark';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

function kept(): { theme: Theme } {
  try {
    const { theme } = JSON.parse(localStorage.getItem(KEY) ?? '{}') as { theme?: Theme };
    return { theme: theme && THEMES.includes(theme) ? theme : 'system' };
  } catch {
    // Storage may be forbidden, or hold anything: the page does without.
    return { theme: 'system' };
  }
}

/** What a person chose for the page's looks; kept in this browser, where that is allowed. */
export const settings = $state(kept());

const darkSystem = matchMedia('(prefers-color-scheme: dark)');
const system = $state({ isDark: darkSystem.matches });
darkSystem.addEventListener('change', ({ matches }) => (system.isDark = matches));

/** Whether the page is dark now: asked by what draws in colours, it draws again when that changes. */
export function isDark(): boolean {
  return settings.theme === 'system' ? system.isDark : settings.theme === 'dark';
}

/** Shows the page in a theme, and keeps the choice. */
export function chooseTheme(theme: Theme): void {
  settings.theme = theme;
  showTheme();
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Not kept then.
  }
}

export function showTheme(): void {
  if (settings.theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = settings.theme;
}
