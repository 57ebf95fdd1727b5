import { fileURLToPath } from "node:url";
import { minify } from "terser";
import type { Plugin } from "vite";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { shortProperties } from "./short_properties";
import { textsApart } from "./texts_apart";

// TensorBoard imports `index.js` as a module from an unknown prefix and calls its `render`, under a
// policy that allows neither inline scripts nor blob: workers; hence relative URLs and real files.
/**
 * Parts bring no style sheets and need no preloading, for which Vite would add 1.3 kB to the first file.
 * `code`: of what loads them instead.
 */
function loadedBy(code: string): Plugin {
  return {
    name: "loaded-by",
    enforce: "pre",
    resolveId: (id) => (id === "\0vite/preload-helper.js" ? "\0loaded-by" : undefined),
    load: (id) => (id === "\0loaded-by" ? code : undefined),
  };
}

const TEXTS = fileURLToPath(new URL("src/view/reactive/later_texts.ts", import.meta.url));

/**
 * Parts import from the first file by the names that its code has already, instead of names made up for that: half a
 * kilobyte less, gzip.
 */
const shortExports: Plugin = {
  name: "short-exports",
  generateBundle: {
    order: "post",
    handler(_, bundle) {
      const chunks = Object.values(bundle).filter((output) => output.type === "chunk");
      const entry = chunks.find((chunk) => chunk.isEntry);
      if (entry === undefined) return;
      const locals = new Map<string, string>();
      entry.code = entry.code.replace(/export\{([^}]*)\};?\s*$/, (_, list: string) => {
        const kept = list.split(",").map((item) => {
          const [local = "", name = local] = item.split(" as ");
          locals.set(name, local);
          return name === "render" ? item : local;
        });
        return `export{${kept.sort().join(",")}};`;
      });
      for (const chunk of chunks)
        chunk.code = chunk.code.replace(/import\{([^}]*)\}from"\.\/index\.js"/, (_, list: string) => {
          const items = list.split(",").map((item) => {
            const [name = "", local = name] = item.split(" as ");
            const short = locals.get(name);
            if (short === undefined) throw new Error(`The first file exports no ${name}.`);
            return short === local ? local : `${short} as ${local}`;
          });
          return `import{${items.join(",")}}from"./index.js"`;
        });
    },
  },
};

// Half a kilobyte less, gzip, than with the functions of its automatic runtime.
const oxc = {
  jsx: { runtime: "classic", pragma: "__h", pragmaFrag: "__F" },
  jsxInject: `import { h as __h, Fragment as __F } from "preact"`,
} as const;

/**
 * Minifies each file; 0.9 % smaller than with the bundler's own minifier (81,359 instead of 82,118 bytes, gzip).
 * Functions before all else make the script of a shared file 0.3 % smaller still, and the others larger.
 */
const terser: Plugin = {
  name: "terser",
  renderChunk: {
    order: "post",
    async handler(code, chunk) {
      const { code: small } = await minify(code, {
        module: true,
        ecma: 2020,
        // Not pure_getters: reading a signal tells that it is depended on. The rest is unsafe only for code that asks
        // for a function's `length`, or changes what belongs to the browser.
        compress: {
          passes: chunk.fileName === "later_parts.js" ? 2 : 4,
          inline: 1,
          hoist_funs: chunk.fileName === "shared.js",
          keep_fargs: false,
          unsafe: true,
          unsafe_arrows: true,
          unsafe_methods: true,
        },
      });
      return small ?? code;
    },
  },
};
const SMALL = { minify: false, cssMinify: true } as const;

const page: ViteUserConfig = {
  base: "./",
  plugins: [
    loadedBy(`export { loadWithTexts as __vitePreload } from "${TEXTS}";`),
    terser,
    shortExports,
    shortProperties,
    textsApart("later_parts", "laterTexts"),
  ],
  oxc,
  build: {
    outDir: "../tb_activation_hist/static",
    emptyOutDir: true,
    target: "es2022",
    // None of them needs what would be added for the colour schemes of older ones.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    ...SMALL,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: {
      input: "src/index.ts",
      preserveEntrySignatures: "allow-extension",
      output: {
        entryFileNames: "index.js",
        minify: false,
        // All that the first pictures need is one file: the entry and what it imports, never a chunk of their own
        // for modules that a part loaded later shares with them.
        // What is loaded after them is one file too: small parts share what compression learns.
        codeSplitting: {
          groups: [
            { name: "page", test: /src\/index\.ts$/, priority: 1 },
            { name: "later_parts", test: /src\/(ui\/later_parts|view\/panel\/number_format)\.ts$/ },
          ],
        },
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
  worker: { format: "es" },
  test: {
    environment: "node",
    setupFiles: ["./vitest.setup.ts"],
    include: ["src/**/*.test.ts"],
    // For the tests of what is let go of.
    execArgv: ["--expose-gc"],
  },
};

/** Instead of a server it asks the file that it lies in. */
const askTheFile: Plugin = {
  name: "ask-the-file",
  enforce: "pre",
  resolveId: (id) =>
    id.endsWith("/series/page_client")
      ? fileURLToPath(new URL("src/shared/page_client.ts", import.meta.url))
      : undefined,
};

/** The page of a shared file: one script with all parts in it. */
const shared: ViteUserConfig = {
  plugins: [loadedBy("export const __vitePreload = (load) => load();"), askTheFile, terser, shortProperties],
  oxc,
  build: {
    outDir: "../tb_activation_hist/static",
    // The page itself was built into it before.
    emptyOutDir: false,
    target: "es2022",
    // None of them needs what would be added for the colour schemes of older ones.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    ...SMALL,
    cssCodeSplit: false,
    modulePreload: false,
    rollupOptions: {
      input: "src/shared/index.ts",
      output: { minify: false, format: "iife", entryFileNames: "shared.js", codeSplitting: false },
    },
  },
};

export default defineConfig(({ mode }) => (mode === "shared" ? shared : page));
