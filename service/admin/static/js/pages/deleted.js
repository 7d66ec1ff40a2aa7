// What is left to say of a group that was deleted, and the way to bring it back.
import { get, groupPath, sender } from '../api.js';
import { h, icon } from '../dom.js';
import { reasonField, submission } from '../form.js';
import { href } from '../router.js';
import { grouped, moment } from '../words/common.js';
import { DELETED } from '../words/deleted.js';
import { GENERAL } from '../words/detail.js';
import { who } from '../words/history.js';
import { MISSING } from '../words/session.js';
import { clipped, exact, fact } from './general.js';
import { nameField } from './groupname.js';
import { historyCard } from './historycard.js';
import { metadataCard } from './metadatacard.js';
import { notice } from './missing.js';
import { toastUndo } from './undo.js';

const LIST = '/customer-groups';

// Its name is asked for when somebody else has taken the old one. `restored()` follows.
function restoreForm(id, { name: old, links, restored }) {
  const send = sender();
  const name = nameField({ value: old, hint: DELETED.otherName });
  const reason = reasonField();
  const button = h('button', { class: 'btn primary', type: 'submit' },
    icon('undo'), DELETED.restore);
  const submit = submission({
    button,
    reason,
    async run({ headers }) {
      const body = name.element.hidden ? {} : { name: name.typed() };
      const answer = await send('POST', `${groupPath(id)}/restore`, { body, headers });
      await restored();
      toastUndo(DELETED.done(answer.body.customer_group.name), {
        requests: [answer.request], after: () => {}, // the page notices by itself
      });
    },
    async failed(error) {
      if (error.code === 'name-taken') name.element.hidden = false;
      await name.refused(error);
    },
  });
  name.element.hidden = true;
  const onsubmit = (event) => {
    event.preventDefault();
    if (name.element.hidden || name.check()) submit();
  };
  return h('form', { novalidate: true, onsubmit },
    name.element, reason.element, h('div', { class: 'actions' }, button, links));
}

// `end` is the event that deleted it; the group is shown as it was just before that. `look()` asks
// whether somebody else has brought it back: `restored()` follows then, as after our own restore.
export async function deletedGroup(id, end, restored) {
  const before = end.data.position - 1;
  const query = { as_of: before, fields: '+customers_count' };
  const { customer_group: group } = await get(groupPath(id), query);
  const { name } = group;
  const button = (to, words) => h('a', { class: 'btn', href: href(to) }, words);
  const card = h('section', { class: 'card ended', 'aria-label': DELETED.title },
    h('h1', { class: 'sr' }, DELETED.title),
    notice({
      image: 'trash',
      title: DELETED.title,
      text: DELETED.text(name, who(end.actor), moment(end.time)),
    }),
    restoreForm(id, {
      name,
      restored,
      links: [
        button(`${LIST}/${encodeURIComponent(id)}?as_of=${before}`, DELETED.asOf),
        button(LIST, MISSING.back),
      ],
    }));
  const facts = h('section', { class: 'card', 'aria-label': DELETED.state },
    h('dl', { class: 'facts' },
      fact(GENERAL.customers, grouped(group.customers_count)),
      fact(GENERAL.created, exact(group.created_at)),
      fact(GENERAL.deleted, exact(end.time)),
      fact(GENERAL.deletedBy, clipped(who(end.actor)))));
  const metadata = metadataCard(null);
  metadata.paint(group.metadata);
  const history = historyCard(id);
  return {
    name,
    columns: [
      h('div', { class: 'col' }, card, facts),
      h('div', { class: 'col' }, metadata.element, history.element),
    ],
    loaded: history.refresh(),
    look: () => get(groupPath(id), { fields: 'id' }).then(restored, (error) => {
      if (error.status !== 404) throw error;
    }),
  };
}
