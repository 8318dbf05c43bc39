#pragma once
SHOP_NAMESPACE_BEGIN

/// Writes and reads a type that is not its own.
template <typename Value, typename>
struct adl_serializer
{
    template <typename Json>
    static void to_json(Json& json, Value&& value) { write(json, value); }
};

SHOP_BASIC_TEMPLATE
class SHOP_API basic_json
    : public detail::base<int>
{
    Q_SHOP_OBJECT

  public:
    SHOP_NODISCARD
    int count() const noexcept
    SHOP_RETURNS
    {
        return total(items);
    }
};

SHOP_DECLARE_TYPE(basic_json)

enum kind {
    FIRST_KIND,
    LAST_KIND
};

SHOP_NAMESPACE_END
