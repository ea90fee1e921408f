/** Random configs of Docker images. */
import * as fc from 'fast-check';

/** With members that OCI does not know, and what Go writes otherwise than JavaScript. */
export const dockerConfigs = fc.record(
  {
    created: times(),
    author: fc.string({ unit: 'binary' }),
    architecture: fc.string(),
    os: fc.string(),
    'os.features': fc.array(fc.string()),
    variant: fc.string(),
    docker_version: fc.string(),
    container_config: fc.object(),
    config: fc.record(
      {
        User: fc.string(),
        ExposedPorts: fc.dictionary(fc.string(), fc.constant({})),
        Env: fc.option(fc.array(fc.string({ unit: 'binary' }))),
        Entrypoint: fc.option(fc.array(fc.string())),
        Cmd: fc.option(fc.array(fc.string())),
        Volumes: fc.option(fc.dictionary(fc.string(), fc.constant({}))),
        WorkingDir: fc.string(),
        Labels: fc.dictionary(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom('<', '>', '&', '\u2028', '\ud800', '\u0001', 'é') }),
        ),
        StopSignal: fc.option(fc.string()),
        ArgsEscaped: fc.boolean(),
        Healthcheck: fc.object(),
        OnBuild: fc.option(fc.array(fc.string({ unit: 'binary' }))),
        Shell: fc.option(fc.array(fc.string())),
        Tty: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    rootfs: fc.record({ type: fc.string(), diff_ids: fc.array(fc.string()) }),
    history: fc.array(
      fc.record(
        {
          created: times(),
          created_by: fc.string({ unit: 'binary' }),
          author: fc.string(),
          comment: fc.string(),
          empty_layer: fc.boolean(),
        },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: [] },
);

function times(): fc.Arbitrary<string> {
  const moment = fc.date({
    min: new Date('0000-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  });
  const fraction = fc.stringMatching(/^(\.[0-9]{1,12})?$/);
  const zone = fc.stringMatching(/^(Z|[+-](0[0-9]|1[0-4]):(00|30))$/);
  return fc
    .tuple(moment, fraction, zone)
    .map(([date, digits, offset]) => date.toISOString().slice(0, 19) + digits + offset);
}
