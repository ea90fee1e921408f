/** PEM (RFC 7468): binary content under a label. */

export interface PemBlock {
  /** `PUBLIC KEY` */
  readonly label: string;
  readonly content: Uint8Array;
}

/** Its parts exclude each other's ends, so that no text takes long to be searched. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\s([A-Za-z0-9+/=\s]*)-----END \1-----/g;
const LINE = /.{1,64}/g;

/** The blocks of a text in their order; what stands around them is ignored, as are those with headers. */
export function parsePem(text: string): readonly PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([, label = '', base64 = '']) => ({
    label,
    content: Buffer.from(base64, 'base64'),
  }));
}

/** Lines of 64 characters, with a final newline. */
export function formatPem({ label, content }: PemBlock): string {
  const lines = Buffer.from(content).toString('base64').match(LINE) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
