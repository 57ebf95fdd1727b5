/** Entry: TensorBoard imports this module in the plugin's frame and calls `render`. */
export function render(): void {
  document.documentElement.lang = "en";
  document.title = "Activations";
}
