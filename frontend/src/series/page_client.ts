/** What the page asks. The build of a page without a server puts shared/page_client.ts in its place. */

import { Client } from "./client";

export const client = new Client();

/** Whether there is a server that can make a file of what is shown. */
export const canShare = true;
