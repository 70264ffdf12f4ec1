import { tick } from 'svelte';

/**
 * Keeps the keyboard's place where buttons take each other's place, as "Cancel" and "Hear again" do: a button that goes
 * would take the focus with it, to the top of the page.
 *
 * @param group what the buttons stand in
 * @param reason reads the state by which they change
 */
export function keepFocusIn(group: () => HTMLElement | undefined, reason: () => unknown): void {
  $effect.pre(() => {
    reason();
    const element = group();
    if (element?.contains(document.activeElement)) void follow(element);
  });
}

async function follow(group: HTMLElement): Promise<void> {
  await tick();
  if (document.activeElement === document.body) group.querySelector('button')?.focus();
}
