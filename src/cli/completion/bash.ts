/** The completion script for bash. */
import { LIST_IMAGES, PATH_TRANSPORTS, PREFIXES } from './grammar.ts';
import type { CommandOutline, FlagOutline } from './outline.ts';

/** What is the same whatever the commands are. */
const HELPERS = `# Completes current from candidates: words, or what @path and @images stand for.
_ocipush_operand() {
  case $candidates in
  @path) _ocipush_path '' ;;
  *@images)
    case $current in
${PATH_TRANSPORTS.map((name) => `    ${name}:*) _ocipush_path ${name}: ;;`).join('\n')}
    containers-storage:*)
      COMPREPLY=($(compgen -P containers-storage: -W "$(${LIST_IMAGES})" -- "\${current#*:}"))
      ;;
    docker://* | docker-daemon:*) ;;
    ./* | /* | ../*) _ocipush_path '' ;;
    *)
      COMPREPLY=($(compgen -W "\${candidates%@images} $(${LIST_IMAGES})" -- "$current"))
      if [[ \${#COMPREPLY[@]} == 1 && $COMPREPLY == *[:/] ]]; then compopt -o nospace 2>/dev/null; fi
      ;;
    esac
    ;;
  *) COMPREPLY=($(compgen -W "$candidates" -- "$current")) ;;
  esac
}

# Completes the path that follows this prefix.
_ocipush_path() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -P "$1" -f -- "\${current#"$1"}"))
  if [[ \${#COMPREPLY[@]} == 1 && -d \${COMPREPLY#"$1"} ]]; then compopt -o nospace 2>/dev/null; fi
}`;

export function bashScript(commands: readonly CommandOutline[]): string {
  const flags = commands.flatMap((command) => command.flags);
  return `# bash completion for ocipush; made by: ocipush completion bash

_ocipush() {
  local line=\${COMP_LINE:0:COMP_POINT} current command= word flag= flags= candidates=
  local -a words
  # Not COMP_WORDS, which colons and equals signs divide.
  current=\${line##*[[:space:]]}
  read -ra words <<<"\${line%"$current"}"
  for word in "\${words[@]:1}"; do
    if [[ -n $flag ]]; then
      flag=
      continue
    fi
    case $word in
    ${takers(flags)}) flag=$word ;;
    -*) ;;
    *)
      case "\${command:+$command }$word" in
      ${paths(commands)}) command=\${command:+$command }$word ;;
      esac
      ;;
    esac
  done
  if [[ -z $flag && $current == --*=* ]]; then
    flag=\${current%%=*}
    current=\${current#*=}
  fi
  COMPREPLY=()
  case $flag in
  '') ;;
${values(flags)}
  *) return ;;
  esac
  if [[ -z $flag ]]; then
    case $command in
${commands.map(commandCase).join('\n')}
    esac
  fi
  if [[ -z $flag && $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
    if [[ \${#COMPREPLY[@]} == 1 && $COMPREPLY == *= ]]; then compopt -o nospace 2>/dev/null; fi
  else
    _ocipush_operand
  fi
  # Bash puts in what comes behind the last character that divides words.
  local prefix=\${current%"\${current##*[:=]}"}
  if [[ $COMP_WORDBREAKS == *:* ]]; then COMPREPLY=("\${COMPREPLY[@]#"$prefix"}"); fi
}

${HELPERS}

complete -F _ocipush ocipush
`;
}

/** The flags that take the word behind them. */
function takers(flags: readonly FlagOutline[]): string {
  return patterns(flags.filter(({ value }) => value !== 'none'));
}

function patterns(flags: readonly FlagOutline[]): string {
  const names = flags.flatMap(({ long, short }) => (short === undefined ? [long] : [short, long]));
  return [...new Set(names)].join(' | ');
}

function paths(commands: readonly CommandOutline[]): string {
  return commands.flatMap(({ path }) => (path === '' ? [] : [`'${path}'`])).join(' | ');
}

/** Cases of \`$flag\`; a flag means the same in every command. */
function values(flags: readonly FlagOutline[]): string {
  const lines = new Set<string>();
  const files = flags.filter(({ value }) => value === 'path');
  if (files.length > 0) lines.add(`  ${patterns(files)}) candidates=@path ;;`);
  for (const flag of flags) {
    if (typeof flag.value === 'string') continue;
    lines.add(`  ${patterns([flag])}) candidates='${flag.value.join(' ')}' ;;`);
  }
  return [...lines].join('\n');
}

function commandCase({ path, flags, commands, operands }: CommandOutline): string {
  const names = flags.map(({ long, value }) => (value === 'none' ? long : `${long}=`));
  const places = operands === 'images' ? [...PREFIXES, '@images'] : operands;
  const candidates = [...commands.map(({ name }) => name), ...places].join(' ');
  return `    '${path}')
      flags='${names.join(' ')}'
      candidates='${candidates}'
      ;;`;
}
