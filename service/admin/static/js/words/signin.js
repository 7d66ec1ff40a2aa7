// Signing in.
export const SIGN_IN = {
  title: 'Sign in',
  lead: 'to Customer Groups',
  again: 'Your session has ended. Sign in to go on; what you typed is still here.',
  email: 'E-mail',
  password: 'Password',
  missing: 'Enter your e-mail and password',
  note: 'No account? An administrator makes one with the command create-user.',
};
