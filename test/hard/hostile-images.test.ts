/** Images in directories and storages that somebody made to do harm. */
import { tellCases, testAll } from './hostile/cases.ts';
import { DIRECTORIES, LAYOUTS } from './hostile/layouts.ts';
import { LISTS } from './hostile/lists.ts';
import { MANIFESTS } from './hostile/manifests.ts';
import { DAEMONS, STORAGES } from './hostile/storages.ts';

testAll('oci:~/image', LAYOUTS);
testAll('oci:~/image', MANIFESTS);
testAll('oci:~/image', LISTS);
testAll('dir:~/image', DIRECTORIES);
testAll('containers-storage:', STORAGES);
testAll('docker-daemon:x:1', DAEMONS);
tellCases('hostile images', LAYOUTS, MANIFESTS, LISTS, DIRECTORIES, STORAGES, DAEMONS);
