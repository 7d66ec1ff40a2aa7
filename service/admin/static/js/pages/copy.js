// Copying to the clipboard, which a browser may refuse (it wants https, or this very machine).
import { failed } from '../overlay.js';
import { NOT_COPIED } from '../words/common.js';

// Answers whether it was copied; says so itself when it was not.
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    failed({ message: NOT_COPIED });
    return false;
  }
}
