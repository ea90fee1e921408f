/** Which proxy an address is reached through: the environment variables, with the rules of Go. */
import { BlockList, isIP } from 'node:net';
import { OcipushError } from '../errors.ts';

/** Through which proxy an address is reached; undefined: through none. */
export type ProxyLookup = (target: URL) => URL | undefined;

/** Whether an address is one that NO_PROXY means. */
type Exception = (host: string, port: string) => boolean;

/**
 * Makes the lookup from HTTPS_PROXY, HTTP_PROXY and NO_PROXY, or the same in lower case. This machine
 * itself is never reached through a proxy (Go: golang.org/x/net/http/httpproxy).
 *
 * The lookup fails with OcipushError CONFIG_INVALID for a proxy that cannot be used.
 */
export function createProxyLookup(environment: NodeJS.ProcessEnv): ProxyLookup {
  const exceptions = parseExceptions(valueOf(environment, 'NO_PROXY')[1]);
  return (target) => {
    const isSecure = target.protocol === 'https:';
    const [variable, value] = valueOf(environment, isSecure ? 'HTTPS_PROXY' : 'HTTP_PROXY');
    if (value === '') return undefined;
    const host = bareHost(target.hostname);
    const port = target.port || (isSecure ? '443' : '80');
    if (isThisMachine(host) || exceptions.some((covers) => covers(host, port))) return undefined;
    return parseProxy(variable, value);
  };
}

function valueOf(environment: NodeJS.ProcessEnv, name: string): readonly [string, string] {
  const lower = name.toLowerCase();
  return environment[name] ? [name, environment[name]] : [lower, environment[lower] ?? ''];
}

/** The value may hold a password: it is in no message. */
function parseProxy(variable: string, value: string): URL {
  const text = /^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(value) ? value : `http://${value}`;
  if (!URL.canParse(text)) throw unusable(`${variable} is no URL`);
  const proxy = new URL(text);
  if (proxy.protocol === 'http:' || proxy.protocol === 'https:') return proxy;
  throw unusable(`${variable} names a ${proxy.protocol}// proxy, which is not supported`);
}

function parseExceptions(list: string): readonly Exception[] {
  return list.split(',').flatMap((text) => {
    const item = text.trim().toLowerCase();
    const exception = item === '' ? undefined : parseException(item);
    return exception === undefined ? [] : [exception];
  });
}

function parseException(item: string): Exception | undefined {
  if (item === '*') return () => true;
  const network = parseNetwork(item);
  if (network !== undefined) return (host) => contains(network, host);
  const [, bracketed, name, port = ''] = /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(item) ?? [];
  const host = bracketed ?? name ?? bareHost(item);
  if (host === '') return undefined;
  const isPort = (other: string): boolean => port === '' || port === other;
  if (isIP(host) !== 0) {
    const address = networkOf(host, bitsOf(host));
    return (other, otherPort) => contains(address, other) && isPort(otherPort);
  }
  const domain = host.replace(/^\*\./, '.');
  const suffix = domain.startsWith('.') ? domain : `.${domain}`;
  return (other, otherPort) =>
    isIP(other) === 0 && (other === domain || other.endsWith(suffix)) && isPort(otherPort);
}

/** An address with the length of its prefix, `10.0.0.0/8`. */
function parseNetwork(item: string): BlockList | undefined {
  const [, address = '', length = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(item) ?? [];
  const isFitting = isIP(address) !== 0 && Number(length) <= bitsOf(address);
  return isFitting ? networkOf(address, Number(length)) : undefined;
}

function networkOf(address: string, length: number): BlockList {
  const network = new BlockList();
  network.addSubnet(address, length, familyOf(address));
  return network;
}

function contains(network: BlockList, host: string): boolean {
  return isIP(host) !== 0 && network.check(host, familyOf(host));
}

const LOOPBACK = networkOf('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

function isThisMachine(host: string): boolean {
  return host === 'localhost' || contains(LOOPBACK, host);
}

/** By `isIP`, for `isIPv6` compiles a long pattern, also for what is of IPv4. */
function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** Of an address, the length of the longest prefix. */
function bitsOf(address: string): number {
  return familyOf(address) === 'ipv6' ? 128 : 32;
}

/** URLs have IPv6 addresses in brackets. */
export function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function unusable(message: string): OcipushError {
  return new OcipushError('CONFIG_INVALID', `choosing a proxy: ${message}`, {
    origin: 'config',
    hint: 'write http://HOST:PORT or https://HOST:PORT, or leave the variable out',
  });
}
