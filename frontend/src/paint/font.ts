/** The font of what is drawn: TensorBoard's. */
export const FONT = "Roboto, 'Helvetica Neue', Arial, sans-serif";
