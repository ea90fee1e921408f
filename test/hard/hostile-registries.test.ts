/** Registries and configuration that mean harm. */
import { tellCases, testAll } from './hostile/cases.ts';
import { CONFIGURATIONS } from './hostile/configurations.ts';
import { DESTINATIONS, SOURCES } from './hostile/registries.ts';

testAll('docker://', SOURCES);
testAll('oci:~/image', DESTINATIONS);
testAll('oci:~/image', CONFIGURATIONS);
tellCases('hostile registries and configuration', SOURCES, DESTINATIONS, CONFIGURATIONS);
