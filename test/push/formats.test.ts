import { describe, expect, test } from 'vitest';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_V1,
  DOCKER_V1_SIGNED,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import {
  ANNOTATIONS,
  ENCRYPTION,
  listTypesFor,
  manifestTypesFor,
  type FormatWish,
  type OciNeed,
} from '../../src/push/formats.ts';

const REGISTRY = [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST, DOCKER_V1_SIGNED];
const LAYOUT = [OCI_MANIFEST, OCI_INDEX];
const ARCHIVE = [DOCKER_MANIFEST];
/** As `dir:` takes them. */
const ANY = [...REGISTRY, DOCKER_V1];
const FROZEN = { reason: 'Destination specifies a digest', hint: 'name a tag' };
const ZSTD: OciNeed = { what: 'compression using zstd', briefly: 'it' };
const BOTH: OciNeed = { what: 'compression using zstd, and encryption,', briefly: 'both' };

type Case = readonly [source: string, supported: readonly string[], wish: FormatWish];

describe('manifestTypesFor', () => {
  test.each<[...Case, types: readonly string[]]>([
    [OCI_MANIFEST, REGISTRY, {}, [OCI_MANIFEST, DOCKER_MANIFEST]],
    [DOCKER_MANIFEST, REGISTRY, {}, [DOCKER_MANIFEST, OCI_MANIFEST]],
    [OCI_MANIFEST, LAYOUT, {}, [OCI_MANIFEST]],
    [DOCKER_MANIFEST, LAYOUT, {}, [OCI_MANIFEST]],
    [OCI_MANIFEST, ARCHIVE, {}, [DOCKER_MANIFEST]],
    [OCI_MANIFEST, REGISTRY, { format: 'v2s2' }, [DOCKER_MANIFEST]],
    [DOCKER_MANIFEST, REGISTRY, { format: 'oci' }, [OCI_MANIFEST]],
    [DOCKER_MANIFEST, REGISTRY, { format: 'v2s1' }, [DOCKER_V1_SIGNED]],
    [DOCKER_MANIFEST, REGISTRY, { needsOci: ZSTD }, [OCI_MANIFEST]],
    [OCI_MANIFEST, REGISTRY, { frozen: FROZEN }, [OCI_MANIFEST]],
    [DOCKER_MANIFEST, REGISTRY, { frozen: FROZEN, format: 'v2s2' }, [DOCKER_MANIFEST]],
    [OCI_MANIFEST, REGISTRY, { needsOci: ZSTD }, [OCI_MANIFEST]],
    [OCI_MANIFEST, REGISTRY, { needsOci: ZSTD, format: 'oci' }, [OCI_MANIFEST]],
    [OCI_MANIFEST, ANY, {}, [OCI_MANIFEST, DOCKER_MANIFEST]],
    // The reference tries schema 1 as well, first where the source has it: registries no longer read it.
    [DOCKER_V1_SIGNED, REGISTRY, {}, [DOCKER_MANIFEST, OCI_MANIFEST]],
    [DOCKER_V1, REGISTRY, {}, [DOCKER_MANIFEST, OCI_MANIFEST]],
    [DOCKER_V1_SIGNED, LAYOUT, {}, [OCI_MANIFEST]],
    [DOCKER_V1_SIGNED, REGISTRY, { needsOci: ZSTD }, [OCI_MANIFEST]],
    [DOCKER_V1_SIGNED, REGISTRY, { format: 'v2s1' }, [DOCKER_V1_SIGNED]],
    [DOCKER_V1_SIGNED, REGISTRY, { frozen: FROZEN }, [DOCKER_V1_SIGNED]],
    [DOCKER_V1_SIGNED, ANY, { keeps: true }, [DOCKER_V1_SIGNED, DOCKER_MANIFEST, OCI_MANIFEST]],
    [DOCKER_V1, ANY, { keeps: true }, [DOCKER_V1, DOCKER_MANIFEST, OCI_MANIFEST]],
  ])('%s into %j with %j', (source, supported, wish, types) => {
    expect(manifestTypesFor(source, supported, wish)).toEqual(types);
  });

  test.each<[...Case, message: string]>([
    [OCI_MANIFEST, LAYOUT, { format: 'v2s2' }, `does not take ${DOCKER_MANIFEST}`],
    [OCI_MANIFEST, ARCHIVE, { format: 'v2s1' }, `does not take ${DOCKER_V1_SIGNED}`],
    [OCI_MANIFEST, [OCI_INDEX], {}, `does not take ${OCI_MANIFEST}`],
    [
      OCI_MANIFEST,
      REGISTRY,
      { format: 'v2s2', needsOci: ZSTD },
      `${ZSTD.what} required together with format ${DOCKER_MANIFEST}, which does not support it`,
    ],
    [
      OCI_MANIFEST,
      ARCHIVE,
      { needsOci: ZSTD },
      `${ZSTD.what} required but the destination only supports MIME types [${DOCKER_MANIFEST}], none of which support it`,
    ],
    [
      OCI_MANIFEST,
      REGISTRY,
      { format: 'v2s2', frozen: FROZEN },
      `converting the manifest to ${DOCKER_MANIFEST} would change the manifest, which we cannot do: ${FROZEN.reason}`,
    ],
    [
      OCI_MANIFEST,
      ARCHIVE,
      { needsOci: ENCRYPTION },
      `encryption required but the destination only supports MIME types [${DOCKER_MANIFEST}], none of which support encryption`,
    ],
    [
      OCI_MANIFEST,
      REGISTRY,
      { format: 'v2s2', needsOci: ENCRYPTION },
      `encryption required together with format ${DOCKER_MANIFEST}, which does not support encryption`,
    ],
    [
      OCI_MANIFEST,
      REGISTRY,
      { format: 'v2s2', needsOci: BOTH },
      `compression using zstd, and encryption, required together with format ${DOCKER_MANIFEST}, which does not support both`,
    ],
    [DOCKER_MANIFEST, LAYOUT, { frozen: FROZEN }, `converting the manifest to ${OCI_MANIFEST}`],
    [DOCKER_V1, REGISTRY, { frozen: FROZEN }, `converting the manifest to ${OCI_MANIFEST}`],
    [OCI_MANIFEST, LAYOUT, { format: 'v2s1' }, `does not take ${DOCKER_V1_SIGNED}`],
    [
      DOCKER_MANIFEST,
      REGISTRY,
      { format: 'v2s1', needsOci: ZSTD },
      `${ZSTD.what} required together with format ${DOCKER_V1_SIGNED}, which does not support it`,
    ],
  ])('%s into %j with %j is refused', (source, supported, wish, message) => {
    expect(() => manifestTypesFor(source, supported, wish)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED',
        origin: 'usage',
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });
});

describe('listTypesFor', () => {
  test.each<[...Case, types: readonly string[]]>([
    [OCI_INDEX, REGISTRY, {}, [OCI_INDEX, DOCKER_LIST]],
    [DOCKER_LIST, REGISTRY, {}, [DOCKER_LIST, OCI_INDEX]],
    [DOCKER_LIST, LAYOUT, {}, [OCI_INDEX]],
    [OCI_INDEX, ARCHIVE, {}, []],
    [OCI_INDEX, ARCHIVE, { format: 'v2s2' }, []],
    [OCI_INDEX, REGISTRY, { format: 'v2s2' }, [DOCKER_LIST]],
    [OCI_INDEX, REGISTRY, { format: 'v2s1' }, [DOCKER_LIST]],
    [DOCKER_LIST, REGISTRY, { format: 'oci' }, [OCI_INDEX]],
    [DOCKER_LIST, REGISTRY, { needsOci: ANNOTATIONS }, [OCI_INDEX]],
    [DOCKER_LIST, REGISTRY, { frozen: FROZEN }, [DOCKER_LIST]],
    [OCI_INDEX, ANY, {}, [OCI_INDEX, DOCKER_LIST]],
    [OCI_INDEX, REGISTRY, { format: 'oci', frozen: FROZEN }, [OCI_INDEX]],
  ])('%s into %j with %j', (source, supported, wish, types) => {
    expect(listTypesFor(source, supported, wish)).toEqual(types);
  });

  test.each<[...Case]>([
    [OCI_INDEX, LAYOUT, { format: 'v2s2' }],
    [DOCKER_LIST, LAYOUT, { frozen: FROZEN }],
    [DOCKER_LIST, REGISTRY, { format: 'v2s2', needsOci: ANNOTATIONS }],
  ])('%s into %j with %j is refused', (source, supported, wish) => {
    expect(() => listTypesFor(source, supported, wish)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }) as Error,
    );
  });
});
