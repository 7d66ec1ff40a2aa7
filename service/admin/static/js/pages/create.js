// Create a group: one field, its errors at the field, then straight to its page.
import { GROUPS, sender } from '../api.js';
import { askToLeave, modal } from '../dialogs.js';
import { h, icon } from '../dom.js';
import { guardLeaving } from '../router.js';
import { CREATE } from '../words/common.js';
import { CREATE_GROUP } from '../words/forms.js';
import { focusForm } from './formframe.js';
import { nameField } from './groupname.js';
import { toastUndo } from './undo.js';

const next = () => h('section', { class: 'narrow next' },
  h('h2', null, CREATE_GROUP.next),
  h('ul', null, CREATE_GROUP.steps.map(([image, title, text]) => h('li', null,
    icon(image), h('div', null, h('b', null, title), h('p', null, text))))));

export function open({ close }) {
  const send = sender();
  const name = nameField({ hint: CREATE_GROUP.hint });
  const release = guardLeaving(() => name.typed() !== '', () => askToLeave(CREATE_GROUP.lost));

  async function run({ headers }) {
    const { body, request } = await send('POST', GROUPS, {
      body: { name: name.typed() }, headers,
    });
    release();
    await close(`/customer-groups/${body.customer_group.id}`);
    toastUndo(CREATE_GROUP.done(body.customer_group.name), {
      requests: [request], after: () => {}, // the page notices by itself
    });
  }

  const dialog = focusForm({
    title: CREATE_GROUP.title,
    lead: CREATE_GROUP.lead,
    label: CREATE,
    parts: name.element,
    below: next(),
    check: name.check,
    run,
    failed: name.refused,
    close,
  });
  modal(dialog, () => close());
  name.input.focus();
  return { dialog, release };
}
