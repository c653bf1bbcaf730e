import { onMounted, useTemplateRef } from "vue";

/**
 * Keeps the element that is ref="dialog" of a component's template open while the component is there. It is to be ended by close(): only
 * that gives the focus back to where it was.
 */
export function useDialog(): { close: () => void } {
  const dialog = useTemplateRef<HTMLDialogElement>("dialog");
  onMounted(() => dialog.value?.showModal());
  return { close: () => dialog.value?.close() };
}
