/** The completion script for fish. */
import { LIST_IMAGES, PATH_TRANSPORTS, PREFIXES } from './grammar.ts';
import type { CommandOutline, FlagOutline } from './outline.ts';

export function fishScript(commands: readonly CommandOutline[]): string {
  // What was found before stands before the word, and a blank between them.
  const paths = commands.flatMap(({ path }) => {
    if (path === '') return [];
    return [quoted(path.includes(' ') ? path : ` ${path}`)];
  });
  return `# fish completion for ocipush; made by: ocipush completion fish

# The command that has been typed so far.
function __ocipush_command
    set -l found
    for word in (commandline -opc)[2..-1]
        switch "$found $word"
            case ${paths.join(' ')}
                set found (string trim "$found $word")
        end
    end
    echo $found
end

function __ocipush_in
    test (__ocipush_command) = "$argv"
end

function __ocipush_images
    set -l word (commandline -ct)
    switch $word
        case ${PATH_TRANSPORTS.map((name) => `'${name}:*'`).join(' ')}
            set -l transport (string split -m 1 : $word)[1]
            __fish_complete_path (string replace "$transport:" '' $word) | string replace -r '^' "$transport:"
        case 'containers-storage:*'
            ${LIST_IMAGES} | string replace -r '^' containers-storage:
        case './*' '../*' '/*'
            __fish_complete_path $word
        case '*'
            printf '%s\\n' ${PREFIXES.join(' ')}
            ${LIST_IMAGES}
    end
end

complete -c ocipush -e
complete -c ocipush -f
${commands.map(commandLines).join('\n')}
`;
}

function commandLines({ path, flags, commands, operands }: CommandOutline): string {
  const begin = `complete -c ocipush -n '__ocipush_in ${path === '' ? '""' : path}'`;
  const places = operands === 'images' ? '(__ocipush_images)' : operands.join(' ');
  return [
    ...commands.map(({ name, description }) => `${begin} -a ${name} -d ${quoted(description)}`),
    ...(operands.length > 0 ? [`${begin} -a ${quoted(places)}`] : []),
    ...flags.map((flag) => `${begin} ${flagSwitches(flag)}`),
  ].join('\n');
}

function flagSwitches({ long, short, description, value }: FlagOutline): string {
  const names = `${short === undefined ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  const takes = value === 'none' ? '' : value === 'path' ? ' -r -F' : ' -x';
  const choices = Array.isArray(value) ? ` -a ${quoted(value.join(' '))}` : '';
  return `${names}${takes}${choices} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
