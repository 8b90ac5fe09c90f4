CREATE TABLE "sales_by_country" (
	"country" text collate "C" PRIMARY KEY NOT NULL,
	"orders" bigint NOT NULL,
	"units" bigint NOT NULL,
	"revenue" numeric NOT NULL,
	"returns" numeric NOT NULL,
	"position" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "daily_sales" (
	"day" date PRIMARY KEY NOT NULL,
	"orders" bigint NOT NULL,
	"units" bigint NOT NULL,
	"revenue" numeric NOT NULL,
	"returns" numeric NOT NULL,
	"position" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"customer_id" text collate "C",
	"status" text NOT NULL,
	"placed_at" timestamp (3) with time zone NOT NULL,
	"total" numeric NOT NULL,
	"lines" jsonb NOT NULL,
	"cancel_reason" text,
	"carrier" text,
	"position" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "products" (
	"sku" text collate "C" PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"price" numeric NOT NULL,
	"stock" bigint,
	"units_sold" bigint NOT NULL,
	"revenue" numeric NOT NULL,
	"position" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"email" text,
	"name" text NOT NULL,
	"country" text,
	"order_count" integer NOT NULL,
	"total_spent" numeric NOT NULL,
	"registered_at" timestamp (3) with time zone NOT NULL,
	"position" bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "sales_by_country_position" ON "sales_by_country" USING btree ("position");--> statement-breakpoint
CREATE INDEX "daily_sales_position" ON "daily_sales" USING btree ("position");--> statement-breakpoint
CREATE INDEX "orders_customer" ON "orders" USING btree ("customer_id");--> statement-breakpoint
CREATE INDEX "orders_placed_at" ON "orders" USING btree ("placed_at","id");--> statement-breakpoint
CREATE INDEX "orders_position" ON "orders" USING btree ("position");--> statement-breakpoint
CREATE INDEX "products_position" ON "products" USING btree ("position");--> statement-breakpoint
CREATE INDEX "users_position" ON "users" USING btree ("position");