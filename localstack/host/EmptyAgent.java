/** Stands where LocalStack's patch of DynamoDB Local would: it raises the number of indexes beyond 20, which we need not. */
public class EmptyAgent {
  public static void premain(String arguments) {}
}
