/** Archives in which a name stands twice. */
import { archiveWith, type ArchiveRow } from './docker-image.ts';

/** Names twice: what tools read differently is refused, where it says what the others are. */
export const TWICE: readonly ArchiveRow[] = [
  [
    'two manifest.json',
    'ARCHIVE_INVALID',
    () => archiveWith({ last: [{ name: 'manifest.json', content: '[]' }] }),
  ],
  [
    'two manifest.json in two spellings',
    'ARCHIVE_INVALID',
    () => archiveWith({ first: [{ name: '/x/../manifest.json', content: '[]' }] }),
  ],
  [
    'a second manifest.json by a PAX name',
    'ARCHIVE_INVALID',
    () => archiveWith({ last: [{ name: 'x', content: '[]', pax: { path: './manifest.json' } }] }),
  ],
  [
    'two configs',
    'ARCHIVE_INVALID',
    () => archiveWith({ last: [{ name: 'config.json', content: '{}' }] }),
  ],
  [
    'a second layer of the name behind the right one',
    'success',
    () => archiveWith({ last: [{ name: '1.tar', content: 'x' }] }),
  ],
  [
    'a second layer of the name before the right one',
    'DIGEST_MISMATCH',
    () => archiveWith({ first: [{ name: '1.tar', content: 'x' }] }),
  ],
];
