/** Who closes what is open when it is passed on. */

/**
 * The task's result; `resource` is then its owner's to close. When the task fails it is closed.
 * @throws what the task throws
 */
export async function disposeOnFailure<T>(
  resource: AsyncDisposable,
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    await resource[Symbol.asyncDispose]();
    throw error;
  }
}
