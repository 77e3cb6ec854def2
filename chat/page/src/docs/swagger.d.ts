/** The parts of Swagger UI that the page of the API uses; the package brings no types. */

interface SwaggerRequest {
  url: string;
  method?: string;
  headers: Record<string, string>;
}

interface SwaggerOptions {
  url: string;
  domNode: Element;
  deepLinking: boolean;
  docExpansion: "list" | "full" | "none";
  defaultModelsExpandDepth: number;
  filter: boolean;
  validatorUrl: null;
  requestInterceptor: (request: SwaggerRequest) => Promise<SwaggerRequest>;
}

interface Window {
  SwaggerUIBundle: (options: SwaggerOptions) => unknown;
}

declare module "swagger-ui-dist/swagger-ui-bundle.js?url" {
  const address: string;
  export default address;
}
