/** Where everything lies in the memory of the module: it allocates nothing. */

/** Bytes that are compressed at a time, at most. */
export const BLOCK_LIMIT: u32 = 1 << 20;

/** How far back a match may lie (RFC 1951, 2), and how much of the stream before a block is known. */
export const WINDOW: u32 = 1 << 15;

/** Symbols of literals, of the end of a block and of lengths, then those of distances. */
export const LITERALS: u32 = 256;
export const END_OF_BLOCK: u32 = 256;
export const LENGTH_SYMBOLS: u32 = 286;
export const DISTANCE_SYMBOLS: u32 = 30;
/** Where the distances begin in a table that has a u32 for each symbol of both alphabets. */
export const DISTANCES: usize = 4 * 288;
const SYMBOL_TABLE: usize = DISTANCES + 4 * 32;

/** What was seen last for each hash: addresses, u32. */
export const HASH_BITS: u32 = 17;
export const HEADS: usize = 1 << 16;
/** What was seen before it with the same hash: the low 16 bits of addresses, one for each byte of a window. */
export const CHAIN: usize = HEADS + (4 << HASH_BITS);
/** Bytes of both. */
export const SEARCH_SIZE: usize = (4 << HASH_BITS) + 2 * WINDOW;

/** Literals up to a match, and the match: 8 bytes each. No match but the rest of a long one has less than 4 bytes. */
export const SEQUENCES: usize = HEADS + SEARCH_SIZE;
const SEQUENCES_END: usize = SEQUENCES + 8 * (BLOCK_LIMIT / 4 + 1);

/** How often each symbol comes in the block of deflate that is being gathered. */
export const GATHERED: usize = SEQUENCES_END;
/** The same for the chunk that is being read; of its literals every other one is counted apart. */
export const FRESH: usize = GATHERED + SYMBOL_TABLE;
export const FRESH_LITERALS: usize = FRESH + SYMBOL_TABLE;
/** Bytes of both. */
export const FRESH_SIZE: usize = SYMBOL_TABLE + 4 * LITERALS;
/** What is gathered and the chunk together. */
export const TOGETHER: usize = FRESH + FRESH_SIZE;

/** The code of each symbol: its bits, the first one lowest, and their number from bit 24 on. */
export const CODES: usize = TOGETHER + SYMBOL_TABLE;
/** What stands for each match length: code and extra bits, and their number from bit 24 on. */
export const LENGTH_CODES: usize = CODES + SYMBOL_TABLE;
/** The symbol of each length, its extra bits from bit 16 on, and their number from bit 24 on. */
export const LENGTH_PARTS: usize = LENGTH_CODES + 4 * 259;
/** The symbol of distances to 256, then that of every 128 further ones: u8. */
export const DISTANCE_OF: usize = LENGTH_PARTS + 4 * 259;
/** The first distance of each symbol, and the number of extra bits from bit 24 on. */
export const DISTANCE_PARTS: usize = DISTANCE_OF + 512;

/** For making codes: symbols by frequency, the tree, and how many codes have each length. */
export const BY_FREQUENCY: usize = DISTANCE_PARTS + 4 * 32;
export const TREE: usize = BY_FREQUENCY + 4 * 288;
export const LENGTH_COUNTS: usize = TREE + 4 * 288;
export const NEXT_CODES: usize = LENGTH_COUNTS + 4 * 48;

/** For the header of a block: code lengths in a row, how that is told, and the code for telling it. */
export const CODE_LENGTHS: usize = NEXT_CODES + 4 * 16;
export const TOLD: usize = CODE_LENGTHS + 320;
export const TOLD_FREQUENCIES: usize = TOLD + 2 * 320;
export const TOLD_CODES: usize = TOLD_FREQUENCIES + 4 * 20;
const TABLES_END: usize = TOLD_CODES + 4 * 20;

/** The block, behind the window before it; and what it is compressed to. */
export const BLOCK: usize = TABLES_END + WINDOW;
/** A word may be read that begins in the block. */
export const OUTPUT: usize = BLOCK + BLOCK_LIMIT + 8;
/** A block that cannot be compressed becomes a little longer. */
const END: usize = OUTPUT + BLOCK_LIMIT + (1 << 16);
/** Pages of 64 KiB that all this takes. */
export const PAGES: i32 = ((END + 0xffff) >> 16) as i32;
