/** What is secret in tests, in one place: see `leaks.ts`, which looks for it where it must not be. */

export const USER = 'me';

/** With all that has a meaning elsewhere in what it is written into. */
export const PASSWORD = 'a:very/secret@word';
