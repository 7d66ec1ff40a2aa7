// Who is signed in. Signing in, on a page or over one, and out is loaded when it is wanted.
import { call, onUnauthorized } from './api.js';

export const session = { user: null };

export async function loadUser() {
  const { body } = await call('GET', '/admin/users/me', { guest: true });
  session.user = body.user;
}

const signing = () => import('./signing.js');
let dialogue = null; // shared by all requests that found the session ended

function signInAgain() {
  dialogue ??= signing().then(({ signInDialog }) => signInDialog())
    .finally(() => { dialogue = null; });
  return dialogue;
}

// Resolves when there is a session, after the sign-in page if need be.
export async function signedIn(host) {
  try {
    await loadUser();
  } catch (error) {
    if (error.status !== 401) throw error;
    await (await signing()).signInPage(host);
  }
  onUnauthorized(signInAgain);
}

export const signOut = async () => (await signing()).signOut();
