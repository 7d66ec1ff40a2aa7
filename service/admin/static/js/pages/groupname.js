// The field for the name of a group: the same rules and refusals for a new and for a known group.
import { get, GROUPS } from '../api.js';
import { h } from '../dom.js';
import { field } from '../form.js';
import { failed } from '../overlay.js';
import { href } from '../router.js';
import { NAME } from '../words/forms.js';
import { refuse } from './formframe.js';

const LONGEST = 255;
// Letters and symbols that show nothing are left out too, as by the service.
const VISIBLE = /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Mn}\u115f\u1160\u3164\uffa0\u2800]/u;

function wrong(name) {
  if (!name) return NAME.missing;
  if (!VISIBLE.test(name)) return NAME.blank;
  return [...name].length > LONGEST ? NAME.long(LONGEST) : null;
}

export function nameField(options) {
  const name = field({ label: NAME.label, required: true, spellcheck: 'false', ...options });
  const typed = () => name.input.value.trim().normalize();
  return {
    ...name,
    typed,
    // Whether the name may be sent; if not, the field says why.
    check() {
      const message = wrong(typed());
      if (message) refuse(name, message);
      return !message;
    },
    // A taken name and other faults of it stand at the field, anything else in a toast.
    async refused(error) {
      const { errors = [] } = error.body ?? {};
      const mine = errors.find(({ pointer }) => pointer === '/name');
      if (mine) refuse(name, mine.message);
      else if (error.code === 'name-taken') await taken(name, typed());
      else failed(error);
    },
  };
}

async function taken(field, name) {
  const query = { name, limit: 1, fields: 'id' };
  const { customer_groups: [group] } = await get(GROUPS, query).catch(() => (
    { customer_groups: [] }));
  const link = group && h('a', { href: href(`/customer-groups/${group.id}`) }, NAME.open);
  refuse(field, NAME.taken(name), link);
}
