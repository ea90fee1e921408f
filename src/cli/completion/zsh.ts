/** The completion script for zsh. */
import { LIST_IMAGES, PATH_TRANSPORTS, PREFIXES } from './grammar.ts';
import type { CommandOutline, FlagOutline } from './outline.ts';

export function zshScript(commands: readonly CommandOutline[]): string {
  const names = commands.flatMap(({ path }) => (path === '' ? [] : [quoted(path)])).join(' | ');
  return `#compdef ocipush
# zsh completion for ocipush; made by: ocipush completion zsh

_ocipush() {
  local command= next state
  local -i index=2
  # The flags of the program may stand before the name of a command.
  while (( index < CURRENT )); do
    next="\${command:+$command }\${words[index]}"
    case $next in
    ${names}) command=$next ;;
    *) break ;;
    esac
    (( index++ ))
  done
  (( CURRENT -= index - 2 ))
  words=(ocipush "\${(@)words[index,-1]}")
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}

_ocipush_images() {
  if compset -P '(${PATH_TRANSPORTS.join('|')}):'; then
    _files
  elif compset -P 'containers-storage:'; then
    compadd -- \${(f)"$(${LIST_IMAGES})"}
  else
    compadd -S '' -- ${PREFIXES.join(' ')}
    compadd -- \${(f)"$(${LIST_IMAGES})"}
    if [[ $PREFIX == (.|/)* ]]; then _files; fi
  fi
}

if [[ $funcstack[1] == _ocipush ]]; then _ocipush "$@"; else compdef _ocipush ocipush; fi
`;
}

function commandCase({ path, flags, commands, operands }: CommandOutline): string {
  const places =
    operands === 'images' ? '_ocipush_images' : `_values operand ${operands.join(' ')}`;
  const names = commands.map(({ name, description }) => quoted(`${escaped(name)}:${description}`));
  const first = [
    `    if [[ $state == first ]]; then`,
    `      local -a names=(${names.join(' ')})`,
    `      _describe command names`,
    ...(operands.length > 0 ? [`      ${places}`] : []),
    `    fi`,
  ];
  return [
    `  ${quoted(path)})`,
    `    _arguments -s -S : \\`,
    ...flags.map((flag) => `      ${flagSpec(flag)} \\`),
    commands.length > 0 ? `      '*::operand:->first'` : `      '*:operand:${places}'`,
    ...(commands.length > 0 ? first : []),
    '    ;;',
  ].join('\n');
}

/** `'*'{-f+,--format=}'[description]:format:(oci v2s1)'`: a flag may be repeated. */
function flagSpec({ long, short, description, value }: FlagOutline): string {
  const isTaken = value !== 'none';
  const names = [
    ...(short === undefined ? [] : [`${short}${isTaken ? '+' : ''}`]),
    `${long}${isTaken ? '=' : ''}`,
  ];
  const spelled = names.length === 1 ? `'*'${names[0]}` : `'*'{${names.join(',')}}`;
  const action = value === 'path' ? '_files' : value === 'text' ? ' ' : value;
  const choices = Array.isArray(action)
    ? `(${action.map((each: string) => escaped(each)).join(' ')})`
    : String(action);
  const argument = isTaken ? `:${long.slice(2)}:${choices}` : '';
  return `${spelled}${quoted(`[${escaped(description)}]${argument}`)}`;
}

/** Brackets and colons divide the parts of a specification. */
function escaped(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
