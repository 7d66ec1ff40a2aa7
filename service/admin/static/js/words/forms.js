// The forms of a group and of a customer.
export const NAME = {
  label: 'Name',
  missing: 'Give the group a name',
  blank: 'A name needs at least one character that can be seen',
  long: (most) => `A name has at most ${most} characters`,
  taken: (name) => `A group named “${name}” already exists.`,
  open: 'Open it',
};

export const CREATE_GROUP = {
  title: 'Create a customer group',
  lead: 'Groups organise customers and can carry prices and promotions.',
  hint: 'You can change it later.',
  next: 'Then, on its page',
  steps: [
    ['users', 'Add customers', 'Choose them one by one, or import a list.'],
    ['pencil', 'Attach metadata', 'Keys and values that your integrations read.'],
    ['clock', 'Follow its history', 'Every change is kept, with who made it and when.'],
  ],
  lost: 'The name you typed will be lost.',
  done: (name) => `${name} was created`,
};

export const EDIT_GROUP = {
  title: 'Edit group',
  lead: 'Prices and promotions follow the group, whatever its name.',
  lost: 'The new name will be lost.',
  done: (name) => `Renamed to ${name}`,
  somebody: 'Somebody',
  renamed: 'renamed this group to',
  meanwhile: 'since you opened this form. You want to call it',
  theirs: 'Use theirs',
  mine: 'Keep mine',
  kept: (name) => `The name stays ${name}`,
};

export const CUSTOMER_FORM = {
  create: 'Create a customer',
  createLead: 'Guests can be created here; customers with an account come from your shop.',
  edit: 'Edit customer',
  editLead: 'The groups of a customer do not depend on these facts.',
  fields: {
    email: 'E-mail',
    first_name: 'First name',
    last_name: 'Last name',
    company_name: 'Company',
    phone: 'Phone',
  },
  empty: 'Enter an e-mail, or a name at least',
  badEmail: 'Enter an e-mail like name@example.com',
  taken: { true: 'A customer with an account has this e-mail.', false: 'A guest has this e-mail.' },
  open: 'Open it',
  created: (name) => `${name} was created`,
  saved: (name) => `${name} was updated`,
};
