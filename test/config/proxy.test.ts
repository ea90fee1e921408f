import { describe, expect, test } from 'vitest';
import { createProxyLookup } from '../../src/config/proxy.ts';

type Environment = NodeJS.ProcessEnv;

const proxyFor = (environment: Environment, url: string): string | undefined =>
  createProxyLookup(environment)(new URL(url))?.href;

describe('a proxy', () => {
  test.each<readonly [environment: Environment, url: string, proxy: string | undefined]>([
    [{}, 'https://r.test/v2/', undefined],
    [{ HTTPS_PROXY: 'http://p:1' }, 'https://r.test/v2/', 'http://p:1/'],
    [{ HTTPS_PROXY: 'http://p:1' }, 'http://r.test/v2/', undefined], // each scheme has its own
    [{ HTTP_PROXY: 'http://p:1' }, 'http://r.test:5000/', 'http://p:1/'],
    [{ HTTP_PROXY: 'http://p:1' }, 'https://r.test/', undefined],
    [{ https_proxy: 'http://p:1' }, 'https://r.test/', 'http://p:1/'],
    [{ https_proxy: 'http://l:1', HTTPS_PROXY: 'http://u:1' }, 'https://r.test/', 'http://u:1/'],
    [{ HTTPS_PROXY: '', https_proxy: 'http://l:1' }, 'https://r.test/', 'http://l:1/'],
    [{ HTTPS_PROXY: 'p.test:3128' }, 'https://r.test/', 'http://p.test:3128/'],
    [{ HTTPS_PROXY: 'p' }, 'https://r.test/', 'http://p/'],
    [{ HTTPS_PROXY: 'u:p@p.test:1' }, 'https://r.test/', 'http://u:p@p.test:1/'],
    [{ HTTPS_PROXY: 'https://p.test:8443' }, 'https://r.test/', 'https://p.test:8443/'],
    [{ HTTPS_PROXY: 'http://p:1' }, 'https://localhost:5000/', undefined], // this machine
    [{ HTTPS_PROXY: 'http://p:1' }, 'https://127.0.0.1:5000/', undefined],
    [{ HTTPS_PROXY: 'http://p:1' }, 'https://127.8.8.8/', undefined],
    [{ HTTPS_PROXY: 'http://p:1' }, 'https://[::1]:5000/', undefined],
    [{ HTTPS_PROXY: 'http://p:1' }, 'https://localhost.test/', 'http://p:1/'],
    [{ HTTPS_PROXY: 'http://p:1' }, 'https://10.0.0.1/', 'http://p:1/'],
  ])('%j, %s: %s', (environment, url, proxy) => {
    expect(proxyFor(environment, url)).toBe(proxy);
  });

  test.each([
    ['socks5://user:secret@p:1', 'socks5:// proxy'],
    ['ftp://user:secret@p', 'ftp:// proxy'],
    ['http://user:secret@p:port', 'HTTPS_PROXY is no URL'],
    ['http://user:secret@[p', 'HTTPS_PROXY is no URL'],
  ])('cannot be %s, and the message keeps the password', (value, reason) => {
    const lookUp = (): unknown => proxyFor({ HTTPS_PROXY: value }, 'https://r.test/');
    expect(lookUp).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', origin: 'config' }));
    expect(lookUp).toThrow(reason);
    expect(lookUp).not.toThrow(/secret/);
    expect(proxyFor({ HTTPS_PROXY: value }, 'http://r.test/')).toBeUndefined();
  });
});

describe('NO_PROXY', () => {
  test.each<readonly [list: string, host: string, isProxied: boolean]>([
    ['', 'r.test', true],
    ['*', 'r.test', false],
    [' a.test , R.test ', 'r.test', false],
    ['r.test', 'sub.r.test', false],
    ['r.test', 'other.test', true],
    ['r.test', 'xr.test', true],
    ['.r.test', 'sub.r.test', false],
    ['.r.test', 'r.test', true],
    ['*.r.test', 'sub.r.test', false],
    ['*.r.test', 'r.test', true],
    ['r.test:5000', 'r.test:5000', false],
    ['r.test:5000', 'sub.r.test:5000', false],
    ['r.test:5000', 'r.test', true],
    ['r.test:443', 'r.test', false], // the port that is not written
    ['10.1.2.3', '10.1.2.3', false],
    ['10.1.2.3', '10.1.2.3:5000', false],
    ['10.1.2.3:5000', '10.1.2.3:5000', false],
    ['10.1.2.3:5000', '10.1.2.3:5001', true],
    ['10.0.0.0/8', '10.200.1.1:5000', false],
    ['10.0.0.0/8', '11.0.0.1', true],
    ['10.0.0.0/8', 'r10.0.0.0.test', true],
    ['10.0.0.0/33', '10.0.0.0', true],
    ['fd00::/8', '[fd12::1]:5000', false],
    ['fd00::/8', '[fe80::1]', true],
    ['[fd12::1]:5000', '[fd12::1]:5000', false],
    ['fd12::1', '[fd12::1]', false],
    [':5000', 'r.test:5000', true], // malformed: ignored, as in Go
    [',,', 'r.test', true],
  ])('%j, %s: %s', (list, host, isProxied) => {
    const environment = { HTTPS_PROXY: 'http://p:1', NO_PROXY: list };
    expect(proxyFor(environment, `https://${host}/`) !== undefined).toBe(isProxied);
    const lower = { HTTPS_PROXY: 'http://p:1', no_proxy: list };
    expect(proxyFor(lower, `https://${host}/`) !== undefined).toBe(isProxied);
  });
});
