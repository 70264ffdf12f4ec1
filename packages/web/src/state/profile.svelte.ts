/** The profile of the person who speaks, as `Engine.calibrate` returned it. */
export const voice = $state<{ profile: object | undefined }>({ profile: undefined });
