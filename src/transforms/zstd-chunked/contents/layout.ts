/** Where everything lies in the memory of the module: it allocates nothing. */

/** Bytes that decide whether a chunk ends after them. */
export const WINDOW: u32 = 64;

/** Bytes that are looked at together, with the window before them. */
export const BYTES: usize = 1024;
/** The window, zeros that may begin a hole, and a piece. */
const BYTES_LENGTH: usize = WINDOW + (1 << 10) + (1 << 16);
/** A vector may be read that begins in them. */
const END: usize = BYTES + BYTES_LENGTH + 16;
/** Pages of 64 KiB that all this takes. */
export const PAGES: i32 = ((END + 0xffff) >> 16) as i32;
