// The prompts of an undo: what it will do, and what is in its way.
import { call } from '../api.js';
import { ask, say } from '../dialogs.js';
import { h } from '../dom.js';
import { toast } from '../overlay.js';
import { kindOf, sentence, who } from '../words/history.js';
import { UNDO } from '../words/undo.js';
import { relative } from './general.js';
import { told } from './historyentry.js';
import { refused, undoing, UNDO_PATH } from './undo.js';

const MOST = 6;

const listOf = (events, line) => h('ul', null,
  events.slice(0, MOST).map((event) => h('li', null, line(event))),
  events.length > MOST && h('li', { class: 'rest' }, UNDO.more(events.length - MOST)));

export const showConflict = ({ message, body: { events } }) => say({
  title: UNDO.conflict,
  body: events.length ? UNDO.later : message,
  details: events.length > 0 && listOf(events, (event) => [
    h('div', null, h('b', null, who(event.actor)), ' ', sentence(event)),
    h('span', null, relative(event.time)),
  ]),
});

// What will be recorded; many keys are told one by one, customers by their number.
function line(event) {
  const [what, unfold] = told(event);
  return h('div', null, what, kindOf(event) === 'MetadataChanged' && unfold?.());
}

// Shows what an undo of the request would do and, if that is wanted, does it. Answers whether.
export async function askToUndo(request) {
  let plan;
  try {
    const query = { dry_run: true, ids: 0 };
    plan = (await call('POST', UNDO_PATH, { query, body: { request_id: request } })).body;
  } catch (error) {
    await refused(error);
    return false;
  }
  const { events, left_out: lost } = plan;
  if (!events.length) {
    toast(UNDO.nothing);
    return false;
  }
  const groups = new Set(events.map(({ data }) => data.group_id)).size;
  const sure = await ask({
    title: UNDO.question,
    body: UNDO.body(groups),
    details: [listOf(events, line), lost.length > 0 && h('p', null, UNDO.lost(lost.length))],
    confirm: UNDO.action,
    danger: false,
    run: undoing([request]),
  });
  if (sure) toast(UNDO.done);
  return sure;
}
