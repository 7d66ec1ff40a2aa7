// Rename a group, in a drawer over its page; a rename by somebody else meanwhile is shown.
import { call, groupPath, sender } from '../api.js';
import { askToLeave, modal } from '../dialogs.js';
import { h, icon } from '../dom.js';
import { toast } from '../overlay.js';
import { guardLeaving } from '../router.js';
import { SAVE } from '../words/dialogs.js';
import { EDIT_GROUP } from '../words/forms.js';
import { drawerForm } from './formframe.js';
import { nameField } from './groupname.js';
import { toastUndo } from './undo.js';

const SILENT_REPEATS = 3;
const NAMING = /\.(Renamed|GroupRestored)\./;

// Who called the group what since `name`, as the refusal tells; null when the name is still that.
async function renaming({ current, expected, events }, id, name) {
  const event = events.find(({ type }) => NAMING.test(type));
  let found = event && { name: event.data.name, who: event.actor.label };
  if (!event && events.length < current - expected) {
    const { body } = await call('GET', groupPath(id));
    found = { name: body.customer_group.name };
  }
  return found && found.name !== name ? found : null;
}

export function open({ page, close }) {
  const { id, name: start, version } = page.group;
  const send = sender();
  const known = { version, name: start }; // what the group is called, so far as this form knows
  const name = nameField({ value: start });
  const conflict = h('div', { class: 'conflict', role: 'alert', hidden: true });
  const changed = () => name.typed() !== known.name;
  const release = guardLeaving(changed, () => askToLeave(EDIT_GROUP.lost));

  async function finish() {
    release();
    await page.refresh();
    await close();
  }

  // Changes that leave the name alone (members move the version too) are no reason to ask.
  async function save(headers, repeats = 0) {
    const body = { name: name.typed() };
    const conditional = { ...headers, 'If-Match': `"${known.version}"` };
    try {
      const answer = await send('POST', groupPath(id), { body, headers: conditional });
      await finish();
      toastUndo(EDIT_GROUP.done(answer.body.customer_group.name), {
        requests: [answer.request], after: () => page.refresh(),
      });
    } catch (error) {
      if (error.status !== 412 || repeats >= SILENT_REPEATS) throw error;
      const other = await renaming(error.body, id, known.name);
      known.version = error.body.current;
      if (other && other.name !== body.name) show(other, body.name);
      else await save(headers, repeats + 1);
    }
  }

  function show({ name: theirs, who }, mine) {
    known.name = theirs;
    const button = (label, run) => h('button', {
      class: 'btn', type: 'button', onclick: run,
    }, label);
    const keep = () => {
      conflict.hidden = true;
      dialog.querySelector('form').requestSubmit();
    };
    conflict.replaceChildren(
      icon('warn'),
      h('p', null,
        h('b', null, who ?? EDIT_GROUP.somebody), ` ${EDIT_GROUP.renamed} `, h('b', null, theirs),
        ` ${EDIT_GROUP.meanwhile} `, h('b', null, mine), '.'),
      h('div', { class: 'actions' },
        button(EDIT_GROUP.theirs, async () => {
          await finish();
          toast(EDIT_GROUP.kept(theirs));
        }),
        button(EDIT_GROUP.mine, keep)));
    conflict.hidden = false;
    conflict.querySelector('button').focus();
  }

  // A question that stands open wants its answer first.
  function check() {
    if (!conflict.hidden) conflict.querySelector('button').focus();
    else if (!changed()) close();
    else return name.check();
    return false;
  }

  const dialog = drawerForm({
    title: EDIT_GROUP.title,
    lead: EDIT_GROUP.lead,
    label: SAVE,
    parts: [name.element, conflict],
    check,
    run: ({ headers }) => save(headers),
    failed: name.refused,
    close,
  });
  modal(dialog, () => close());
  name.input.focus();
  name.input.select();
  return { dialog, release };
}
