// Reads published lines and says of each what the CloudEvents SDK finds wrong with it, as JSON.
import { createInterface } from "node:readline";

import { HTTP } from "cloudevents";

const headers = { "content-type": "application/cloudevents+json" };

/** Return the faults that the standard's own schema finds in a line, an empty list for none. */
function faults(line) {
  try {
    HTTP.toEvent({ headers, body: line }).validate();
    return [];
  } catch (error) {
    return (error.errors ?? [{ message: error.message }]).map(
      ({ instancePath, message }) => `${instancePath ?? ""} ${message}`,
    );
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(faults(line)));
}
