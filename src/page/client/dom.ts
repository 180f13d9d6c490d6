/** The little of a framework that the page needs: it changes only what has changed, so that a reader's focus,
 *  selection and place stay where they are. Texts go in as text, never as HTML. */

/** @throws Error when the document has no such element: the page's files do not belong together. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as E;
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export const show = (element: HTMLElement, isShown: boolean): void => {
  if (element.hidden === isShown) element.hidden = !isShown;
};

export interface Made {
  readonly className?: string;
  readonly text?: string;
  readonly title?: string;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { className, text, title }: Made = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  if (title) element.title = title;
  element.append(...children);
  return element;
}

/** One of a list of things that are shown, told from the others by `key`; made anew when `state` changes. */
export interface Keyed {
  readonly key: string;
  readonly state: string;
  readonly make: () => HTMLElement;
}

/** Makes `parent` hold exactly these, in this order. */
export function renderKeyed(parent: HTMLElement, items: readonly Keyed[]): void {
  const before = new Map(
    [...parent.children].map((child) => [(child as HTMLElement).dataset['key'] ?? '', child as HTMLElement]),
  );
  let place: Element | null = parent.firstElementChild;
  for (const { key, state, make: makeOne } of items) {
    const old = before.get(key);
    before.delete(key);
    const isSame = old?.dataset['state'] === state;
    const element = isSame ? old : makeOne();
    element.dataset['key'] = key;
    element.dataset['state'] = state;
    if (old && !isSame) {
      keepFocus(old, element);
      if (place === old) place = element;
      old.replaceWith(element);
    }
    if (place === element) place = element.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const gone of before.values()) gone.remove();
}

/** Whoever has the focus inside `old` has it inside `replacement` afterwards. */
function keepFocus(old: HTMLElement, replacement: HTMLElement): void {
  if (!old.contains(document.activeElement)) return;
  const focusable = 'button, a, [tabindex]';
  const at = [...old.querySelectorAll(focusable)].indexOf(document.activeElement as Element);
  queueMicrotask(() => replacement.querySelectorAll<HTMLElement>(focusable)[at]?.focus());
}

/** A cell of a table: text, or an element with the text that tells whether it changed. */
export type Cell =
  | string
  | {
      readonly text: string;
      readonly title?: string;
      readonly className?: string;
      readonly make?: () => Node;
    };

const textOf = (cell: Cell): string =>
  typeof cell === 'string' ? cell : `${cell.text}\u0000${cell.title ?? ''}\u0000${cell.className ?? ''}`;

export interface Row {
  readonly key: string;
  readonly className?: string;
  /** The first one names the row. */
  readonly cells: readonly Cell[];
}

function makeCell(cell: Cell, column: HTMLTableCellElement | undefined, isHead: boolean): HTMLElement {
  const element = make(isHead ? 'th' : 'td', { className: column?.className ?? '' });
  if (isHead) element.setAttribute('scope', 'row');
  if (typeof cell === 'string') {
    element.textContent = cell;
    return element;
  }
  if (cell.className) element.classList.add(...cell.className.split(' '));
  if (cell.title) element.title = cell.title;
  if (cell.make) element.append(cell.make());
  else element.textContent = cell.text;
  return element;
}

/** Fills a table's body. Cells take the classes of their column's head. */
export function renderRows(table: HTMLTableElement, rows: readonly Row[]): void {
  const columns = [...(table.tHead?.rows[0]?.cells ?? [])];
  const body = table.tBodies[0] ?? table.createTBody();
  renderKeyed(
    body,
    rows.map(({ key, className = '', cells }) => ({
      key,
      state: [className, ...cells.map(textOf)].join('\u0001'),
      make: () =>
        make('tr', { className }, ...cells.map((cell, at) => makeCell(cell, columns[at], at === 0))),
    })),
  );
}
