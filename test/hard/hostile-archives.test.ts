/** Archives that somebody made to do harm. */
import { tellCases, testAll } from './hostile/cases.ts';
import { DOCKER_ARCHIVES } from './hostile/docker-archives.ts';
import { OCI_ARCHIVES } from './hostile/oci-archives.ts';
import { TAR_HEADERS } from './hostile/tar-headers.ts';

testAll('docker-archive:~/image', DOCKER_ARCHIVES);
testAll('docker-archive:~/image', TAR_HEADERS);
testAll('oci-archive:~/image', OCI_ARCHIVES);
tellCases('hostile archives', DOCKER_ARCHIVES, TAR_HEADERS, OCI_ARCHIVES);
