/** Completion scripts for three shells, from the words of the command tree. Pure. */
import type { CompletionFlag, CompletionNode } from './completion-words.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const PROGRAM = 'supersim-meter';

/** Inside single quotes of any of the shells. */
const quoted = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`;

const withValues = ({ flags }: CompletionNode): readonly CompletionFlag[] =>
  flags.filter(({ takesValue }) => takesValue);

/** The path as a pattern of a shell's `case`. */
const pattern = ({ path }: CompletionNode): string => quoted(path);

const wordsOf = ({ commands, choices, flags }: CompletionNode): string =>
  [...commands.map(({ name }) => name), ...choices, ...flags.map(({ name }) => name)].join(' ');

/** Walks the words so far: a word that continues a known path does so, anything else is an argument. In bash and zsh,
 *  where `path` is taken: it is PATH. */
const walk = (nodes: readonly CompletionNode[]): string => `  local reached='' word
  for word in "\${words_before[@]}"; do
    case "\${reached:+$reached }$word" in
      ${nodes
        .filter(({ path }) => path !== '')
        .map(pattern)
        .join('|')}) reached="\${reached:+$reached }$word" ;;
    esac
  done`;

/** After a flag that takes a value: its choices, or files. */
const valueCases = (nodes: readonly CompletionNode[], choose: (flag: CompletionFlag) => string): string =>
  nodes
    .flatMap((node) =>
      withValues(node).map(
        (flag) => `    ${quoted(`${node.path} ${flag.name}`.trim())}) ${choose(flag)}; return ;;`,
      ),
    )
    .join('\n');

const wordCases = (nodes: readonly CompletionNode[]): string =>
  nodes.map((node) => `    ${pattern(node)}) candidates=${quoted(wordsOf(node))} ;;`).join('\n');

export const bashScript = (nodes: readonly CompletionNode[]): string => `# bash completion of ${PROGRAM}
# Put it into ~/.bashrc:  source <(${PROGRAM} completion bash)
_supersim_meter() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" candidates=''
  local words_before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
${walk(nodes)}
  case "\${reached:+$reached }$previous" in
${valueCases(nodes, ({ choices }) => `COMPREPLY=(${choices.length > 0 ? `$(compgen -W ${quoted(choices.join(' '))} -- "$current")` : '$(compgen -f -- "$current")'})`)}
  esac
  case "$reached" in
${wordCases(nodes)}
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -o filenames -o bashdefault -F _supersim_meter ${PROGRAM}
`;

export const zshScript = (nodes: readonly CompletionNode[]): string => `#compdef ${PROGRAM}
# zsh completion of ${PROGRAM}
# Put it into ~/.zshrc, after compinit:  source <(${PROGRAM} completion zsh)
_supersim_meter() {
  local current="\${words[CURRENT]}" previous="\${words[CURRENT-1]}" candidates=''
  local -a words_before=("\${(@)words[2,CURRENT-1]}")
${walk(nodes)}
  case "\${reached:+$reached }$previous" in
${valueCases(nodes, ({ choices }) => (choices.length > 0 ? `compadd -- ${choices.join(' ')}` : '_files'))}
  esac
  case "$reached" in
${wordCases(nodes)}
  esac
  compadd -- \${=candidates}
  [[ $current == -* ]] || _files
}
compdef _supersim_meter ${PROGRAM}
`;

/** Fish asks line by line: a line for each word, shown when the path before it is the command's. */
export function fishScript(nodes: readonly CompletionNode[]): string {
  const lines = nodes.flatMap(({ path, commands, choices: words, flags }) => {
    const when = `-n ${quoted(`__supersim_meter_at ${quoted(path)}`)}`;
    return [
      ...commands.map(
        ({ name, description }) => `complete -c ${PROGRAM} -f ${when} -a ${name} -d ${quoted(description)}`,
      ),
      ...words.map((word) => `complete -c ${PROGRAM} -f ${when} -a ${word}`),
      ...flags.map(({ name, description, takesValue, choices }) => {
        const values = choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : takesValue ? ' -r' : '';
        return `complete -c ${PROGRAM} ${when} -l ${name.slice(2)}${values} -d ${quoted(description)}`;
      }),
    ];
  });
  const paths = nodes
    .filter(({ path }) => path !== '')
    .map(pattern)
    .join(' ');
  return `# fish completion of ${PROGRAM}
# Put it where fish looks:  ${PROGRAM} completion fish > ~/.config/fish/completions/${PROGRAM}.fish
function __supersim_meter_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim -- "$at $word")
    contains -- $next ${paths}; and set at $next
  end
  test "$at" = "$argv[1]"
end
${lines.join('\n')}
`;
}

export const SCRIPTS: Readonly<Record<Shell, (nodes: readonly CompletionNode[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};
