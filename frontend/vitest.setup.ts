/** What modules read of the page while they load; everything else of a browser stays missing in unit tests. */
Object.assign(globalThis, { document: { baseURI: "http://localhost/" } });
