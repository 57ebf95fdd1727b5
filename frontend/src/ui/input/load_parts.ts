/** The parts of the page that are loaded after the first pictures. */

/** In one place: the build writes much around each dynamic import. */
export const loadParts = () => import("../later_parts");

export type Parts = Awaited<ReturnType<typeof loadParts>>;
